import { describe, expect, test } from 'vitest';

import { webhookBody, type Notice } from '../../src/notify/notice.js';

const began: Notice = {
  event: 'outage-began',
  source: 'shop-tapes',
  stream: 'shop',
  at: '2026-03-01T03:00:00.000Z',
  failure: {
    kind: 'TargetUnreachable',
    message: 'No answer from esdb://admin:s3cret@db:2113 <timeout> & nothing else.',
    remedy: 'Check that the server runs.',
  },
};
const ended: Notice = {
  ...began,
  event: 'outage-ended',
  since: '2026-03-01T03:00:00.000Z',
  at: '2026-03-01T03:12:00Z',
};
const stopped: Notice = { ...began, event: 'stopped' };

function bodyFor(url: string, notice: Notice): unknown {
  return JSON.parse(webhookBody(new URL(url), notice));
}

describe('What a webhook is sent', () => {
  test('The webhook body for Slack is a text with its three special characters escaped', () => {
    expect(bodyFor('https://hooks.slack.com/services/T/B/x', began)).toEqual({
      text: [
        '*Outage: shop-tapes to stream shop waits*',
        'TargetUnreachable: No answer from esdb://admin:***@db:2113 &lt;timeout&gt; &amp; nothing else.',
        'What to do: Check that the server runs.',
        'Since 2026-03-01T03:00:00.000Z. Eventferry keeps trying by itself.',
      ].join('\n'),
    });
  });

  test.each([
    'https://acme.webhook.office.com/webhookb2/a/IncomingWebhook/b/c',
    'https://outlook.office.com/webhook/a/IncomingWebhook/b/c',
    'https://prod-12.westeurope.logic.azure.com:443/workflows/a/triggers/manual/paths/invoke?sig=b',
    'https://default123.45.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/a?sig=b',
  ])('The webhook body for Teams, at %s, is an adaptive card', (url) => {
    const body = bodyFor(url, stopped) as {
      type: string;
      attachments: { contentType: string; content: { type: string; body: { type: string; text: string }[] } }[];
    };
    expect(body.type).toBe('message');
    const [card] = body.attachments;
    expect(card?.contentType).toBe('application/vnd.microsoft.card.adaptive');
    expect(card?.content).toMatchObject({ type: 'AdaptiveCard', version: '1.4' });
    expect(card?.content.body.map(({ type, text }) => `${type}: ${text}`)).toEqual([
      'TextBlock: Stopped: shop-tapes to stream shop needs a decision',
      'TextBlock: TargetUnreachable: No answer from esdb://admin:***@db:2113 <timeout> & nothing else.',
      'TextBlock: What to do: Check that the server runs.',
      'TextBlock: Since 2026-03-01T03:00:00.000Z.',
    ]);
  });

  test.each(['https://alerts.example/in', 'https://hooks.slack.com.example/x', 'https://notlogic.azure.com.example/x'])(
    'The webhook body for anyone else, such as %s, is the notice with its severity and a text',
    (url) => {
      expect(bodyFor(url, ended)).toEqual({
        ...ended,
        severity: 'info',
        failure: { ...ended.failure, message: 'No answer from esdb://admin:***@db:2113 <timeout> & nothing else.' },
        text: expect.stringMatching(
          /^Outage over: shop-tapes to stream shop continues\nIt lasted from 2026-03-01T03:00:00.000Z to 2026-03-01T03:12:00Z\.\nTargetUnreachable: /,
        ) as string,
      });
    },
  );

  test('The webhook body says how severe the notice is', () => {
    const severity = (notice: Notice) =>
      (bodyFor('https://alerts.example/in', notice) as { severity: string }).severity;
    expect([began, ended, stopped].map(severity)).toEqual(['error', 'info', 'critical']);
  });

  const addresses = [
    'https://hooks.slack.com/services/T/B/x',
    'https://a.webhook.office.com/x',
    'https://alerts.example/in',
  ];

  test.each(addresses)('The webhook body holds no secret, also at %s', (url) => {
    for (const notice of [began, ended, stopped]) expect(webhookBody(new URL(url), notice)).not.toContain('s3cret');
  });

  test.each(addresses)('The webhook body shows control characters escaped, also at %s', (url) => {
    const message = 'type a\u001b[2J\u202e';
    const notice = { ...stopped, failure: { kind: 'TargetConflict', message, remedy: '' } } as const;
    expect(JSON.stringify(bodyFor(url, notice))).toContain('TargetConflict: type a\\\\u001b[2J\\\\u202e');
  });
});
