/** The model's configuration: Hugging Face's {@code config.json} with two keys of this project's own. */
package ai.spattention.olmoe.config;
