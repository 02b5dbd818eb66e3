// The least that the app needs of ARM: three roles of exact actions. They can be assigned anywhere
// in the subscription, and are assigned to resource groups only (group-access.bicep).
// tests/infra holds these lists against what the app asks ARM for.
targetScope = 'subscription'

param token string

resource drill 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, token, 'switchback-drill')
  properties: {
    roleName: 'Switchback drill ${token}'
    description: 'Find the machines behind a public IP, look at them, stop them and start them.'
    type: 'CustomRole'
    assignableScopes: [
      subscription().id
    ]
    permissions: [
      {
        actions: [
          'Microsoft.Authorization/permissions/read'
          'Microsoft.Compute/locations/operations/read'
          'Microsoft.Compute/virtualMachines/deallocate/action'
          'Microsoft.Compute/virtualMachines/instanceView/read'
          'Microsoft.Compute/virtualMachines/powerOff/action'
          'Microsoft.Compute/virtualMachines/read'
          'Microsoft.Compute/virtualMachines/start/action'
          'Microsoft.Network/loadBalancers/read'
          'Microsoft.Network/networkInterfaces/read'
          'Microsoft.Network/publicIPAddresses/read'
          'Microsoft.Resources/subscriptions/resourceGroups/read'
        ]
        notActions: []
        dataActions: []
        notDataActions: []
      }
    ]
  }
}

resource profile 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, token, 'switchback-profile')
  properties: {
    roleName: 'Switchback profile ${token}'
    description: 'Provision Traffic Manager profiles and their endpoints.'
    type: 'CustomRole'
    assignableScopes: [
      subscription().id
    ]
    permissions: [
      {
        actions: [
          'Microsoft.Authorization/permissions/read'
          'Microsoft.Network/trafficManagerProfiles/azureEndpoints/delete'
          'Microsoft.Network/trafficManagerProfiles/azureEndpoints/read'
          'Microsoft.Network/trafficManagerProfiles/azureEndpoints/write'
          'Microsoft.Network/trafficManagerProfiles/delete'
          'Microsoft.Network/trafficManagerProfiles/externalEndpoints/delete'
          'Microsoft.Network/trafficManagerProfiles/externalEndpoints/read'
          'Microsoft.Network/trafficManagerProfiles/externalEndpoints/write'
          'Microsoft.Network/trafficManagerProfiles/nestedEndpoints/delete'
          'Microsoft.Network/trafficManagerProfiles/nestedEndpoints/read'
          'Microsoft.Network/trafficManagerProfiles/nestedEndpoints/write'
          'Microsoft.Network/trafficManagerProfiles/read'
          'Microsoft.Network/trafficManagerProfiles/write'
          'Microsoft.Resources/subscriptions/resourceGroups/read'
        ]
        notActions: []
        dataActions: []
        notDataActions: []
      }
    ]
  }
}

resource endpoint 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, token, 'switchback-endpoint')
  properties: {
    roleName: 'Switchback endpoint ${token}'
    description: 'Look at the public IP of an endpoint that is never drilled.'
    type: 'CustomRole'
    assignableScopes: [
      subscription().id
    ]
    permissions: [
      {
        actions: [
          'Microsoft.Network/publicIPAddresses/read'
        ]
        notActions: []
        dataActions: []
        notDataActions: []
      }
    ]
  }
}

output drillRoleId string = drill.id
output profileRoleId string = profile.id
output endpointRoleId string = endpoint.id
