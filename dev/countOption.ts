import { InvalidArgumentError } from 'commander';

/** Reads an option that takes a whole number of at least 1. @throws InvalidArgumentError for anything else */
export function countOption(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('A whole number from 1 on is expected.');
  return value;
}
