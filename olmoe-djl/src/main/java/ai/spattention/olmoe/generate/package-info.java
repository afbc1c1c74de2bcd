/** Text from a model, token by token. */
package ai.spattention.olmoe.generate;
