/** Text from a model, token by token. Begin at {@link ai.spattention.olmoe.generate.OlmoeTextGeneration}. */
package ai.spattention.olmoe.generate;
