/** The status page, with all that it needs. */
export const dashboardPage: string;
/** Its Content-Security-Policy. */
export const dashboardPolicy: string;
