package ai.spattention.train.metrics;

/**
 * Text that the model wrote.
 *
 * @param step the step after which it wrote it, from 1 on
 * @param prompt what it went on from
 * @param text what it wrote, without the prompt
 */
public record TextSample(long step, String prompt, String text) {}
