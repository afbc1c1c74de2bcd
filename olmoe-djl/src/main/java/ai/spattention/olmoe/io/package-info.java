/**
 * Files and folders: written whole or not at all, locked against a second writer, deleted only by who wrote them, compared by
 * digest.
 */
package ai.spattention.olmoe.io;
