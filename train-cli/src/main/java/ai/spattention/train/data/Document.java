package ai.spattention.train.data;

/**
 * A text to learn from.
 *
 * @param source where it came from, unique within the data
 * @param text its content
 */
public record Document(String source, String text) {}
