/** Files: written whole or not at all, locked against a second writer, compared by digest. */
package ai.spattention.olmoe.io;
