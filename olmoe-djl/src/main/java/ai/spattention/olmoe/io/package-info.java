/**
 * Files and folders: written whole or not at all, locked against a second writer, deleted only by who wrote them, compared by
 * digest; and what the readers of text and JSON have in common.
 */
package ai.spattention.olmoe.io;
