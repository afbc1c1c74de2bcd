/** Text to token ids and back. Begin at {@link ai.spattention.olmoe.tokenizer.Tokenizers}. */
package ai.spattention.olmoe.tokenizer;
