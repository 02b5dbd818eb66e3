// Switchback on Azure: one function app with an identity of its own, and nothing that has a secret.
// The dialect is kept plain on purpose (no user types, no registry modules): the tests read it
// without a compiler. See docs/decisions/0010-bicep-checked-offline.md.
targetScope = 'subscription'

@minLength(1)
@maxLength(64)
@description('Name of the azd environment; resource names are derived from it.')
param environmentName string

@minLength(1)
@description('Region of all resources. Keep it out of the regions that you drill.')
param location string

@minLength(1)
@description('Resource groups (they exist) whose machines and profiles a drill may act on.')
param drillResourceGroups array

@description('Resource groups (they exist) that hold the profiles. Empty: the group of the app.')
param profileResourceGroups array = []

@description('Resource groups (they exist) with endpoints that are never drilled, only looked at.')
param endpointResourceGroups array = []

@description('Traffic Manager name servers to ask, address:port,... Empty: found by NS.')
param dnsAuthoritative string = ''

@description('Resolvers to ask, address:port,... Empty: the one of the platform.')
param dnsResolvers string = ''

@description('Resolver of the client that is measured, address:port. Empty: the first resolver.')
param clientResolver string = ''

@description('Client subnets to ask on behalf of (EDNS), comma-separated. Empty: none.')
param dnsClientSubnets string = ''

@description('Private ranges that endpoints and clients may be asked in, 10.1.0.0/16,... Empty: none.')
param privateTargetsAllowed string = ''

@description('NCRONTAB, UTC: how often samples are collected.')
param samplesSchedule string = '*/10 * * * * *'

@description('NCRONTAB, UTC: how often drills are advanced.')
param advanceSchedule string = '*/5 * * * * *'

@description('NCRONTAB, UTC: how often the watchdog looks for what is overdue.')
param restoreSchedule string = '0 * * * * *'

@description('NCRONTAB, UTC: how often what is too old is removed, a bounded step each time.')
param retentionSchedule string = '0 20 * * * *'

@description('How often profiles without a drill are sampled, in seconds. 0: never.')
param baselineIntervalSeconds string = '60'

@description('How long drills and baselines are kept. 0: for ever.')
param retentionDays string = '90'

@allowed([
  512
  2048
  4096
])
@description('Memory of an instance. It is what a run is billed by.')
param instanceMemoryMB int = 2048

var abbreviations = loadJsonContent('./abbreviations.json')
var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = {
  'azd-env-name': environmentName
}
var groupName = '${abbreviations.resourcesResourceGroups}${environmentName}'
var profileGroups = empty(profileResourceGroups) ? [groupName] : profileResourceGroups
var packageContainer = 'app-package'

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: groupName
  location: location
  tags: tags
}

module identity 'app/identity.bicep' = {
  name: 'identity'
  scope: group
  params: {
    name: '${abbreviations.managedIdentityUserAssignedIdentities}${token}'
    location: location
    tags: tags
  }
}

module storage 'app/storage.bicep' = {
  name: 'storage'
  scope: group
  params: {
    name: '${abbreviations.storageStorageAccounts}${token}'
    location: location
    tags: tags
    packageContainer: packageContainer
  }
}

module storageAccess 'app/storage-access.bicep' = {
  name: 'storage-access'
  scope: group
  params: {
    storageName: storage.outputs.name
    principalId: identity.outputs.principalId
  }
}

module logs 'app/logs.bicep' = {
  name: 'logs'
  scope: group
  params: {
    name: '${abbreviations.operationalInsightsWorkspaces}${token}'
    location: location
    tags: tags
  }
}

module insights 'app/insights.bicep' = {
  name: 'insights'
  scope: group
  params: {
    name: '${abbreviations.insightsComponents}${token}'
    location: location
    tags: tags
    workspaceId: logs.outputs.id
    principalId: identity.outputs.principalId
  }
}

module plan 'app/plan.bicep' = {
  name: 'plan'
  scope: group
  params: {
    name: '${abbreviations.webServerFarms}${token}'
    location: location
    tags: tags
  }
}

module api 'app/api.bicep' = {
  name: 'api'
  scope: group
  dependsOn: [
    storageAccess
  ]
  params: {
    name: '${abbreviations.webSitesFunctions}${token}'
    location: location
    tags: union(tags, { 'azd-service-name': 'api' })
    planId: plan.outputs.id
    identityId: identity.outputs.id
    instanceMemoryMB: instanceMemoryMB
    packageUri: '${storage.outputs.blobUri}${packageContainer}'
  }
}

module settings 'app/settings.bicep' = {
  name: 'settings'
  scope: group
  params: {
    appName: api.outputs.name
    identityClientId: identity.outputs.clientId
    insightsConnection: insights.outputs.connectionString
    blobUri: storage.outputs.blobUri
    queueUri: storage.outputs.queueUri
    tableUri: storage.outputs.tableUri
    drillResourceGroups: drillResourceGroups
    dnsAuthoritative: dnsAuthoritative
    dnsResolvers: dnsResolvers
    clientResolver: clientResolver
    dnsClientSubnets: dnsClientSubnets
    privateTargetsAllowed: privateTargetsAllowed
    samplesSchedule: samplesSchedule
    advanceSchedule: advanceSchedule
    restoreSchedule: restoreSchedule
    retentionSchedule: retentionSchedule
    baselineIntervalSeconds: baselineIntervalSeconds
    retentionDays: retentionDays
  }
}

module roles 'app/roles.bicep' = {
  name: 'roles-${token}'
  params: {
    token: token
  }
}

module drillAccess 'app/group-access.bicep' = [for name in drillResourceGroups: {
  name: 'switchback-drill-${token}'
  scope: resourceGroup(name)
  params: {
    roleDefinitionId: roles.outputs.drillRoleId
    principalId: identity.outputs.principalId
  }
}]

module profileAccess 'app/group-access.bicep' = [for name in profileGroups: {
  name: 'switchback-profile-${token}'
  scope: resourceGroup(name)
  params: {
    roleDefinitionId: roles.outputs.profileRoleId
    principalId: identity.outputs.principalId
  }
}]

module endpointAccess 'app/group-access.bicep' = [for name in endpointResourceGroups: {
  name: 'switchback-endpoint-${token}'
  scope: resourceGroup(name)
  params: {
    roleDefinitionId: roles.outputs.endpointRoleId
    principalId: identity.outputs.principalId
  }
}]

output AZURE_LOCATION string = location
output AZURE_TENANT_ID string = tenant().tenantId
output AZURE_RESOURCE_GROUP string = group.name
output SERVICE_API_NAME string = api.outputs.name
output SERVICE_API_URL string = '${api.outputs.uri}/api'
output STORAGE_ACCOUNT_NAME string = storage.outputs.name
output TABLES_ENDPOINT string = storage.outputs.tableUri
output IDENTITY_PRINCIPAL_ID string = identity.outputs.principalId
