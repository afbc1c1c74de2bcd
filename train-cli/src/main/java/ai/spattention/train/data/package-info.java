/**
 * Text to shards of token ids, and shards to batches.
 *
 * <p>A prepared folder holds {@code train/} and {@code validation/} with shards {@code part-00000.npy} and so on (headerless
 * little-endian arrays of uint16 or uint32, the form that OLMo's own trainer maps into memory; each document ends with the
 * EOS id), the {@code tokenizer.json}, and a {@code manifest.json} that is written last.
 *
 * <p>Letters: N = sequence length, B = sequences of a batch.
 */
package ai.spattention.train.data;
