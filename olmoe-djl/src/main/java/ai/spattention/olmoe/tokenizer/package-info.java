/** Text to token ids and back. */
package ai.spattention.olmoe.tokenizer;
