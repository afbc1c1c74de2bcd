/**
 * Texts in files: which files a command line means, and their documents one after the other, whatever the format. Everything streams; a
 * document may be longer than memory. Begin at {@link ai.spattention.train.data.source.InputFiles}.
 */
package ai.spattention.train.data.source;
