package ai.spattention.olmoe.tokenizer;

/**
 * A token that is no text.
 *
 * @param id its id
 * @param text its text in the tokenizer, or null if the tokenizer has no such id
 * @param source where its role is told: a file's name, or what was taken because no file tells
 */
public record SpecialToken(int id, String text, String source) {}
