/**
 * The model's configuration: Hugging Face's {@code config.json} with three keys of this project's own. Begin at {@link
 * ai.spattention.olmoe.config.OlmoeConfig}.
 */
package ai.spattention.olmoe.config;
