@export()
@description('What tells the resources of one environment from all others in the world: 13 lower-case letters and digits.')
func tokenOf(subscriptionId string, environmentName string, location string) string =>
  toLower(uniqueString(subscriptionId, environmentName, location))

@export()
@description('The resource group of an environment.')
func resourceGroupOf(environmentName string) string => 'rg-eventferry-${environmentName}'

@export()
@description('The vault of an environment.')
func vaultNameOf(token string) string => 'kv-${token}'

@export()
@description('The tags that every resource carries.')
func tagsOf(environmentName string) object => {
  'azd-env-name': environmentName
  application: 'eventferry'
}
