/**
 * Text to shards of token ids, and shards to batches.
 *
 * <p>A prepared folder holds {@code train/}, {@code validation/} and, for held-out sets with names, {@code validation-NAME/}
 * with shards {@code part-00000.npy} and so on (headerless little-endian arrays of uint16 or uint32, the form that OLMo's own
 * trainer maps into memory; each document ends with the EOS id) and a table of each shard's documents, {@code
 * part-00000.csv.gz} (as dolma writes it: first token, token after the last, id, file, line), the {@code tokenizer.json}, and a
 * {@code manifest.json} that is written last. Until then {@code .unfinished} in the folder holds what the same preparation goes on
 * with. Begin at {@link ai.spattention.train.data.Preparation} and {@link ai.spattention.train.data.BatchSource}.
 *
 * <p>Letters: N = sequence length, B = sequences of a batch.
 */
package ai.spattention.train.data;
