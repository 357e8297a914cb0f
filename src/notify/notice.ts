import type { FailureNote } from '../checkpoint/row.js';
import { redact, redactedJson } from '../core/redact.js';
import { printable } from '../core/text.js';

/** A message to people. Times are ISO 8601, UTC. */
export interface Notice {
  /** Also the name of the log event that says the same. */
  readonly event: 'outage-began' | 'outage-ended' | 'stopped';
  readonly source: string;
  readonly stream: string;
  /** When it happened. */
  readonly at: string;
  /** When the outage that is over began. */
  readonly since?: string;
  /** What fails or, at the end of an outage, failed. */
  readonly failure?: Pick<FailureNote, 'kind' | 'message' | 'remedy'>;
}

/**
 * The JSON that is posted to a webhook. Slack and Teams, known by the host's name, get the form that they need. Any
 * other address gets the notice itself with its severity and a text for people. Holds no secret.
 */
export function webhookBody(url: URL, notice: Notice): string {
  if (slackHosts.test(url.hostname)) return JSON.stringify(slackMessage(notice));
  if (teamsHosts.test(url.hostname)) return JSON.stringify(teamsMessage(notice));
  const { title, lines } = noticeWords(notice);
  return redactedJson({ severity: severities[notice.event], text: [title, ...lines].join('\n'), ...notice });
}

const slackHosts = /^hooks\.slack(?:-gov)?\.com$/;
/** Incoming webhooks, and workflows started by a webhook (Logic Apps, Power Platform). */
const teamsHosts =
  /(?:^|\.)(?:webhook\.office\.com|outlook\.office\.com|logic\.azure\.(?:com|us)|api\.powerplatform\.(?:com|us))$/;

/** https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks; three characters must be escaped. */
function slackMessage(notice: Notice): unknown {
  const { title, lines } = noticeWords(notice);
  const plain = (text: string) => redact(text).replace(/[&<>]/g, (character) => slackEscapes[character] ?? '');
  return { text: [`*${plain(title)}*`, ...lines.map(plain)].join('\n') };
}

const slackEscapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/**
 * An adaptive card, which incoming webhooks of Teams and workflows both take; workflows take nothing else
 * (https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using).
 */
function teamsMessage(notice: Notice): unknown {
  const { title, lines } = noticeWords(notice);
  const block = (text: string, looks: object) => ({ type: 'TextBlock', text: redact(text), wrap: true, ...looks });
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          msteams: { width: 'Full' },
          body: [
            block(title, { weight: 'Bolder', size: 'Medium', color: teamsColors[severities[notice.event]] }),
            ...lines.map((line) => block(line, { spacing: 'Small' })),
          ],
        },
      },
    ],
  };
}

const teamsColors = { info: 'Good', error: 'Attention', critical: 'Attention' } as const;

/** An outage may end by itself; a stop waits for a person. */
const severities: Readonly<Record<Notice['event'], keyof typeof teamsColors>> = {
  'outage-began': 'error',
  'outage-ended': 'info',
  stopped: 'critical',
};

/** A notice in words: a title, and lines below it. */
function noticeWords({ event, source, stream, at, since, failure }: Notice) {
  const way = `${source} to stream ${stream}`;
  const cause = failure ? [`${failure.kind}: ${printable(failure.message)}`] : [];
  const remedy = failure ? [`What to do: ${failure.remedy}`] : [];
  switch (event) {
    case 'outage-began':
      return {
        title: `Outage: ${way} waits`,
        lines: [...cause, ...remedy, `Since ${at}. Eventferry keeps trying by itself.`],
      };
    case 'outage-ended':
      return {
        title: `Outage over: ${way} continues`,
        lines: [since === undefined ? `Since ${at}.` : `It lasted from ${since} to ${at}.`, ...cause],
      };
    case 'stopped':
      return { title: `Stopped: ${way} needs a decision`, lines: [...cause, ...remedy, `Since ${at}.`] };
  }
}
