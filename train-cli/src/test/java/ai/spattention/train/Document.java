package ai.spattention.train;

/**
 * A text to learn from, in a test.
 *
 * @param source where it came from, unique within the data
 * @param text its content
 */
public record Document(String source, String text) {}
