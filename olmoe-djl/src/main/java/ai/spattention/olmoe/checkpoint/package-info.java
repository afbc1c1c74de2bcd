/** Models to and from Hugging Face's checkpoint folders. Begin at {@link ai.spattention.olmoe.checkpoint.HuggingFaceFolder}. */
package ai.spattention.olmoe.checkpoint;
