/** What the readers of JSON have in common. */
package ai.spattention.olmoe.json;
