// Every setting that the app reads. Absent on purpose: TABLES_CONNECTION (it would be a secret),
// CLOCK and CONNECT_TO (an emulator's; the app refuses them here), FUNCTIONS_WORKER_RUNTIME (the
// plan's functionAppConfig says it), REGION_NAME (App Service sets it).
param appName string
param identityClientId string
param insightsConnection string
param blobUri string
param queueUri string
param tableUri string
param drillResourceGroups array
param dnsAuthoritative string
param dnsResolvers string
param clientResolver string
param dnsClientSubnets string
param privateTargetsAllowed string
param samplesSchedule string
param advanceSchedule string
param restoreSchedule string
param retentionSchedule string
param baselineIntervalSeconds string
param retentionDays string

resource app 'Microsoft.Web/sites@2024-04-01' existing = {
  name: appName
}

resource settings 'Microsoft.Web/sites/config@2024-04-01' = {
  parent: app
  name: 'appsettings'
  properties: {
    AzureWebJobsStorage__credential: 'managedidentity'
    AzureWebJobsStorage__clientId: identityClientId
    AzureWebJobsStorage__blobServiceUri: blobUri
    AzureWebJobsStorage__queueServiceUri: queueUri
    AzureWebJobsStorage__tableServiceUri: tableUri
    APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnection
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
    AZURE_SUBSCRIPTION_ID: subscription().subscriptionId
    AZURE_CLIENT_ID: identityClientId
    ARM_ENDPOINT: environment().resourceManager
    CREDENTIAL: 'managed-identity'
    TABLES_ENDPOINT: tableUri
    DNS_AUTHORITATIVE: dnsAuthoritative
    DNS_RESOLVERS: dnsResolvers
    CLIENT_RESOLVER: clientResolver
    DNS_CLIENT_SUBNETS: dnsClientSubnets
    PRIVATE_TARGETS_ALLOWED: privateTargetsAllowed
    DRILL_RESOURCE_GROUPS: join(drillResourceGroups, ',')
    SAMPLES_SCHEDULE: samplesSchedule
    ADVANCE_SCHEDULE: advanceSchedule
    RESTORE_SCHEDULE: restoreSchedule
    RETENTION_SCHEDULE: retentionSchedule
    BASELINE_INTERVAL_SECONDS: baselineIntervalSeconds
    RETENTION_DAYS: retentionDays
  }
}
