/** Settings of the platform. Every other setting must be in the product's own schema. */
export const platform = [
  ...['APPLICATIONINSIGHTS_CONNECTION_STRING', 'APPLICATIONINSIGHTS_AUTHENTICATION_STRING'],
  'AzureWebJobs.replicate.Disabled',
];
