/**
 * The plain parts of a language model: the token embedding and the initialisation of its parameters. Begin at {@link
 * ai.spattention.olmoe.nn.TokenEmbedding}.
 */
package ai.spattention.olmoe.nn;
