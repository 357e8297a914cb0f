/** Positions between which events could not be judged, because the settings that applied to them are not known. */
export interface UnjudgedPart {
  /** Digest of those settings. */
  readonly settings: string;
  readonly events: number;
  /** Positions of the first and the last of them. */
  readonly from: number;
  readonly to: number;
}

/**
 * The events about which something cannot be said: those that are not in the stream were perhaps left out rightly, and of
 * the others the type is not compared.
 */
export class Unjudged {
  private readonly bySettings = new Map<string, UnjudgedPart>();

  add(settings: string, position: number): void {
    this.addAll([{ settings, events: 1, from: position, to: position }]);
  }

  addAll(parts: readonly UnjudgedPart[]): void {
    for (const { settings, events, from, to } of parts) {
      const before = this.bySettings.get(settings) ?? { events: 0, from, to };
      this.bySettings.set(settings, {
        settings,
        events: before.events + events,
        from: Math.min(before.from, from),
        to: Math.max(before.to, to),
      });
    }
  }

  get parts(): readonly UnjudgedPart[] {
    return [...this.bySettings.values()];
  }
}
