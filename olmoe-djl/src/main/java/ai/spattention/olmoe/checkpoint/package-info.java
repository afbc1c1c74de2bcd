/** Models to and from Hugging Face's checkpoint folders. */
package ai.spattention.olmoe.checkpoint;
