import { Secret, isObject, type Value, type Values } from "./values";

/** Shorter secrets are left alone: masking every "yes" or "1234" would make messages unreadable and protect nothing. */
const MIN_LENGTH = 6;

/**
 * Knows the secret texts of a run and masks them in whatever is told: an error of a service or a program may quote
 * them.
 */
export class Redactor {
  private readonly texts = new Set<string>();

  /** Learns a configuration value that is secret as a whole. */
  learnText(text: string): void {
    if (text.length >= MIN_LENGTH) this.texts.add(text);
  }

  /** Learns the secrets inside property values. */
  learn(value: Value | undefined, inSecret = false): void {
    if (value instanceof Secret) this.learn(value.value, true);
    else if (Array.isArray(value)) for (const item of value) this.learn(item, inSecret);
    else if (isObject(value)) for (const item of Object.values(value as Values)) this.learn(item, inSecret);
    else if (inSecret && typeof value === "string") this.learnText(value);
  }

  /** The message with every known secret replaced; the longest first, so that a part never hides the whole. */
  mask(message: string): string {
    let masked = message;
    for (const text of [...this.texts].sort((a, b) => b.length - a.length))
      if (masked.includes(text)) masked = masked.split(text).join("[secret]");
    return masked;
  }
}
