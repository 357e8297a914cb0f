import type { Commit, Message } from './messageStore.js';
import { protobuf } from './protobuf.js';
import { Decimal, jsonBody } from './serviceStackJson.js';
import type { Value } from './serviceStackJson.js';

const names = ['Ann Smith', 'Zoë Müller', 'José "Pepe" García', 'Søren Å', '山田 太郎', 'Оля Иванова', "O'Brien, Pat"];
const streets = ['1 High Street, {rear building}', 'Große Gasse 7', 'улица Ленина 3', '12 Rue de l’Église'];
const notes = [
  'leave at the door: ring twice',
  'sizes [M, L], colours {red, blue}',
  'tab\there, line\r\nbreak, and a path C:\\temp',
  'gift 🎁 for José, thanks',
  'call before: +44 20 7946 0958',
];
const goods = ['teapot', 'mug', 'kettle', 'tray', 'spoon', 'caddy'];

/** How many of a thousand records are of each kind; the rest are orders and what follows from them. */
const perMille = { audit: 15, func: 5, empty: 5, invoice: 3, customer: 150, price: 80 };

/**
 * An endless sequence of the commits of a small shop, always the same for a seed: customers, prices, orders of several
 * events, payments in protobuf, printed invoices, `audit` and `func` records, and sometimes a commit without events.
 * Bodies are as the original serializers write them: 64-bit numbers, decimals with their zeros, dates.
 */
export function* shop(seed: number): Generator<Commit, never> {
  const dice = new Dice(seed);
  let customers = 0n;
  let orders = 0n;
  let now = Date.UTC(2013, 9, 13, 20, 5, 14);
  for (;;) {
    now += 1 + dice.below(90_000);
    const time = new Date(now);
    const draw = dice.below(1000);
    const within = cumulative(draw);
    if (within === 'audit') yield command(dice, time, orders);
    else if (within === 'func') yield instanceStarted(dice, time);
    else if (within === 'empty') yield commit(`order:${orders}`, []);
    else if (within === 'invoice') yield commit(`order:${orders}`, [invoicePrinted(dice, orders, time)]);
    else if (within === 'price') yield commit(`product:${dice.pick(goods)}`, [priced(dice, time)]);
    else if (within === 'customer' || customers === 0n) yield customer(dice, ++customers, time);
    else if (dice.below(10) < 6) yield order(dice, ++orders, 1n + BigInt(dice.below(Number(customers))), time);
    else yield payment(dice, orders, time);
  }
}

function cumulative(draw: number): keyof typeof perMille | 'order' {
  let end = 0;
  for (const [kind, share] of Object.entries(perMille)) {
    end += share;
    if (draw < end) return kind as keyof typeof perMille;
  }
  return 'order';
}

function customer(dice: Dice, id: bigint, time: Date): Commit {
  const name = dice.pick(names);
  const registered = json('Shop.Customers/CustomerRegistered', {
    Id: { Id: id },
    Name: name,
    Email: `customer${id}@example.com`,
    LoyaltyNumber: 9_007_199_254_740_993n + id,
    RegisteredUtc: time,
    Note: dice.below(3) === 0 ? dice.pick(notes) : undefined,
  });
  const moved = json('Shop.Customers/AddressChanged', { Id: { Id: id }, Street: dice.pick(streets), Since: time });
  return commit(`customer:${id}`, dice.below(2) === 0 ? [registered] : [registered, moved]);
}

function order(dice: Dice, id: bigint, by: bigint, time: Date): Commit {
  const lines = Array.from({ length: 1 + dice.below(4) }, () => ({
    Sku: dice.pick(goods),
    Quantity: 1 + dice.below(5),
    Price: money(dice),
    Tags: dice.below(4) === 0 ? [] : ['fragile', 'ships: today'].slice(0, 1 + dice.below(2)),
  }));
  return commit(`order:${id}`, [
    json('Shop.Orders/OrderPlaced', {
      Id: { Id: id },
      Customer: { Id: by },
      Reference: 1_000_000_000_000_000_000n + id * 7n,
      PlacedUtc: time,
      Note: dice.below(4) === 0 ? dice.pick(notes) : undefined,
      Discount: new Decimal(['0.00', '5.00', '12.50'][dice.below(3)] ?? '0.00'),
    }),
    ...lines.map((line) => json('Shop.Orders/LineAdded', { Id: { Id: id }, Line: line })),
  ]);
}

/** A reference of ten characters makes the first bytes of the message `0A 0A`, which is not whitespace. */
function payment(dice: Dice, order: bigint, time: Date): Commit {
  const amount = BigInt(100 + dice.below(100_000));
  const reference = `P${String(order).padStart(9, '0')}`;
  const received: Message = {
    contract: 'PaymentReceived',
    body: protobuf({ 1: reference, 2: amount, 3: BigInt(time.getTime()), 4: dice.pick(names) }),
  };
  const cleared: Message = { contract: 'PaymentCleared', body: protobuf({ 1: '' }) };
  return commit(`payment:${order}`, dice.below(3) === 0 ? [received, cleared] : [received]);
}

function priced(dice: Dice, time: Date): Message {
  return json('Shop.Catalogue/PriceChanged', { Price: money(dice), Currency: 'EUR', ValidFrom: time, Active: true });
}

function invoicePrinted(dice: Dice, order: bigint, time: Date): Message {
  const document = Buffer.from(Array.from({ length: 2000 + dice.below(8000) }, () => dice.below(256)));
  return json('Shop.Orders/InvoicePrinted', { Id: { Id: order }, PrintedUtc: time, Pdf: document.toString('base64') });
}

function command(dice: Dice, time: Date, order: bigint): Commit {
  const message = json('Shop.Orders/PlaceOrder', { Id: { Id: order + 1n }, Customer: { Id: BigInt(dice.below(99)) } });
  return { key: 'audit', attributes: envelope(dice, time), messages: [message] };
}

function instanceStarted(dice: Dice, time: Date): Commit {
  const message = json('Shop/InstanceStarted', { CodeVersion: `1.2.${dice.below(9)}`, Role: 'web' });
  return {
    key: 'func',
    attributes: [...envelope(dice, time), ['eventferry', 'no name is special']],
    messages: [message],
  };
}

function envelope(dice: Dice, time: Date): [string, string][] {
  const id = Array.from({ length: 32 }, () => dice.below(16).toString(16)).join('');
  return [
    ['id', id.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')],
    ['utc', time.toISOString().replace('Z', '0000Z')],
  ];
}

function money(dice: Dice): Decimal {
  return new Decimal(`${dice.below(200)}.${String(dice.below(10) * 10).padStart(2, '0')}`);
}

function commit(key: string, messages: readonly Message[]): Commit {
  return { key, attributes: [], messages };
}

function json(contract: string, value: Value): Message {
  return { contract, body: jsonBody(value) };
}

/** The mulberry32 generator: the same numbers for the same seed, everywhere. */
class Dice {
  constructor(private state: number) {}

  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  pick<T>(choices: readonly [T, ...T[]] | readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }
}
