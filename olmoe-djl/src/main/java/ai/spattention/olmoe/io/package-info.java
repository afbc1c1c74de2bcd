/**
 * Files and folders: written whole or not at all, locked against a second writer, deleted only by who wrote them, compared by digest; and
 * what the readers of text and JSON have in common. Begin at {@link ai.spattention.olmoe.io.AtomicFile}.
 */
package ai.spattention.olmoe.io;
