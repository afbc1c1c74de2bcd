/** The plain parts of a language model: the token embedding and the initialisation of its parameters. */
package ai.spattention.olmoe.nn;
