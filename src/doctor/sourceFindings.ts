import type { Config } from '../config/config.js';
import { rules } from '../core/failure.js';
import type { OnDamage } from '../source/tapes.js';
import type { FrameLook, SourceContents, SourceCheck } from '../source/views/check.js';
import { good, skipped, thrownIn, warning, wrong, type Finding } from './finding.js';

const variantNames = {
  varint: 'varint frames (Lokad.CQRS v3)',
  int32: 'int32 frames (before September 2012)',
} as const;

/**
 * Checks container, chunks, first and last frame. Only reads.
 *
 * @param learned gets the storage's time
 */
export async function* sourceFindings(
  examination: SourceCheck,
  { container, onDamage }: Config['source'],
  learned: (date: number | undefined) => void,
  signal: AbortSignal,
): AsyncGenerator<Finding> {
  try {
    learned(await examination.reach(signal));
    yield good('sourceReached', `container ${container} answers`);
  } catch (thrown) {
    yield thrownIn('sourceReached', thrown);
    for (const check of ['sourceChunks', 'firstFrame', 'lastFrame'] as const) yield skipped(check, 'the source');
    return;
  }
  try {
    yield* contentFindings(container, await examination.contents(signal));
  } catch (thrown) {
    yield thrownIn('sourceChunks', thrown);
    for (const check of ['firstFrame', 'lastFrame'] as const) yield skipped(check, 'the chunks');
    return;
  }
  for (const check of ['firstFrame', 'lastFrame'] as const) {
    try {
      yield frameFinding(check, await examination[check](signal), onDamage);
    } catch (thrown) {
      yield thrownIn(check, thrown);
    }
  }
}

function* contentFindings(container: string, contents: SourceContents): Generator<Finding> {
  const { chunks, bytes, variants, openCopies, ignoredNames } = contents;
  if (chunks === 0) {
    const others = ignoredNames > 0 ? `, but ${ignoredNames} names that are no chunks` : '';
    yield warning(
      'sourceChunks',
      `Container ${container} holds no chunk${others}.`,
      'Check SOURCE_CONTAINER. Replication begins when the first chunk appears.',
    );
  } else if (variants.size === 0) {
    yield warning(
      'sourceChunks',
      `Container ${container} holds ${chunks} chunks, and no frame in those that were looked into.`,
      'Look at it with `eventferry inspect`. If these are no Lokad.CQRS tapes, Eventferry cannot read them.',
    );
  } else if (variants.size > 1) {
    const found = [...variants].map(([variant, chunk]) => `${variantNames[variant]} in chunk ${chunk}`).join(', and ');
    yield wrong('sourceChunks', `Container ${container} holds ${found}.`, rules.SourceMixed.remedy);
  } else {
    const formats = [...variants.keys()].map((variant) => variantNames[variant]).join();
    yield good('sourceChunks', `${chunks} chunks, ${bytes} bytes: ${formats}`);
  }
  if (openCopies.length > 0) {
    yield warning(
      'sourceChunks',
      `${openCopies.length} chunks are copies that have not succeeded, the first ${openCopies[0]}.`,
      'Wait until they are copied, or copy them again: reading does not go beyond them.',
    );
  }
}

function frameFinding(check: 'firstFrame' | 'lastFrame', look: FrameLook | undefined, onDamage: OnDamage): Finding {
  if (!look) return good(check, 'there is none yet');
  const where = `byte ${look.offset} of chunk ${look.chunk}`;
  switch (look.kind) {
    case 'valid':
      return good(check, `at ${where}, its SHA-1 agrees`);
    case 'torn':
      return warning(
        check,
        `At ${where} there is an unfinished frame: ${look.reason}.`,
        'Nothing to do while the writer is at work: the frame is read once it is whole, and skipped once a newer chunk follows.',
      );
    case 'corrupt': {
      const says = `At ${where} there is a bad frame, followed by valid ones: ${look.reason}.`;
      if (onDamage !== 'stop') return warning(check, says, `Nothing to do: ON_DAMAGE is ${onDamage}.`);
      return wrong(check, says, 'Repair the chunk from a copy (`eventferry inspect` shows it), or set ON_DAMAGE.');
    }
  }
}
