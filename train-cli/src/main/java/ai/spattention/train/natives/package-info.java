/** PyTorch's libraries for CUDA: fetching them through Maven, and telling whether a folder holds a whole set. */
package ai.spattention.train.natives;
