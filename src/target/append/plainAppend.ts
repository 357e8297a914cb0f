import streamsMessages from '@eventstore/db-client/generated/streams_pb.js';
import type { AppendResp } from '@eventstore/db-client/generated/streams_pb.js';
import { Failure } from '../../core/failure.js';
import { type AppendQuestion, callFailure, confirmedRevision, uncertain, wrongExpectedRevision } from './answer.js';
import { plainRequest } from './request.js';
import { type AppendParts, deadlineMs } from './batchAppend.js';
import { asBytes } from '../connect/connection.js';
import { ignoreRejection } from '../../core/time.js';
import { type AppendCall, type MeasuredEvents, noStream } from '../target.js';

/** For a server without BatchAppend: each append is a call of its own, and the next waits for its answer. */
export class PlainAppendCall implements AppendCall {
  private last: Promise<unknown> = Promise.resolve();
  private over: Error | undefined;
  private giveUp: (why: Error) => void = () => undefined;

  constructor(private readonly parts: AppendParts) {}

  append(stream: string, measured: MeasuredEvents, expected: number): Promise<number> {
    const { doing, limit } = this.parts;
    const { events, size } = measured;
    const must = expected + events.length;
    const question: AppendQuestion = { stream, size, expected, must, doing: doing(stream), limit };
    const answer = this.last.then(async () => {
      if (this.over) throw uncertain(question, 'the call is over', this.over);
      try {
        return plainRevision(await this.send(question, measured), question);
      } catch (error) {
        throw this.end(error instanceof Failure ? error : callFailure(error, question));
      }
    });
    this.last = ignoreRejection(answer).catch(() => undefined);
    return answer;
  }

  async writable(): Promise<void> {
    await this.last;
  }

  close(): void {
    const closed = new Error('the call was closed');
    this.giveUp(closed);
    this.over ??= closed;
  }

  private end(failure: Failure): Failure {
    this.over ??= failure;
    return failure;
  }

  private send(question: AppendQuestion, measured: MeasuredEvents): Promise<AppendResp> {
    const { connection, clock, onLost } = this.parts;
    return new Promise((resolve, reject) => {
      const settle = (action: () => void): void => {
        stopDeadline();
        action();
      };
      const lost = (error: Error): void => {
        reject(callFailure(error, question));
        onLost(error, question.stream);
      };
      const call = connection.grpc.makeClientStreamRequest(
        '/event_store.client.streams.Streams/Append',
        asBytes,
        (bytes: Buffer) => streamsMessages.AppendResp.deserializeBinary(bytes),
        ...connection.callArguments(),
        (error, answer) => settle(() => (answer ? resolve(answer) : lost(error ?? new Error('it gave no answer')))),
      );
      // Errors come to the callback; the stream may emit them once more.
      call.on('error', () => undefined);
      this.giveUp = (why) =>
        settle(() => {
          reject(uncertain(question, why.message));
          call.cancel();
        });
      const ms = deadlineMs(measured.size.sentBytes);
      // guard: deadline-of-a-plain-append
      const silent = (): void => {
        lost(new Error(`it did not answer within ${ms / 1_000} s`));
        call.cancel();
      };
      const stopDeadline = clock.after(ms, silent);
      for (const message of plainRequest(question, measured)) call.write(message);
      call.end();
    });
  }
}

function plainRevision(answer: AppendResp, question: AppendQuestion): number {
  const success = answer.getSuccess();
  if (success !== undefined) return confirmedRevision(success, question);
  const wrong = answer.getWrongExpectedVersion();
  if (wrong === undefined) throw uncertain(question, 'the answer says neither success nor error');
  throw wrongExpectedRevision(question, wrong.hasCurrentRevision() ? wrong.getCurrentRevision() : String(noStream));
}
