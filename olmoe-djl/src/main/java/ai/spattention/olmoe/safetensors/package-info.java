/**
 * Reading and writing safetensors files (github.com/huggingface/safetensors): eight bytes of header length, a JSON header, the tensors'
 * bytes. DJL's own reader accepts hostile files, so this one checks everything before it trusts anything. Begin at {@link
 * ai.spattention.olmoe.safetensors.TensorFolder}.
 */
package ai.spattention.olmoe.safetensors;
