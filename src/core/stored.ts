import { z } from 'zod';

/**
 * The parts of schemas of stored JSON. Each stored shape is declared once, as a schema, and its type is inferred.
 * Damaged JSON is noticed when it is read, before anything acts on it.
 */

export const count = z.int().nonnegative();
export const text = z.string();

/** An object that keeps unknown parts: another version of the same schema may have written them. */
export function open<Parts extends z.core.$ZodLooseShape>(parts: Parts): z.ZodObject<Parts, z.core.$strip> {
  return z.looseObject(parts);
}

/** The type of what a schema reads, which nobody changes afterwards. */
export type Stored<Schema extends z.ZodType> = Frozen<z.infer<Schema>>;

/** The same, read-only to its last part. */
export type Frozen<T> = T extends object ? { readonly [Name in keyof T]: Frozen<T[Name]> } : T;
