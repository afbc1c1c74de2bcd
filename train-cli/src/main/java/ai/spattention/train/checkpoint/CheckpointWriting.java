package ai.spattention.train.checkpoint;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.AtomicFile;
import ai.spattention.olmoe.io.OwnFiles;
import ai.spattention.olmoe.io.Sha256;
import ai.spattention.olmoe.safetensors.SafetensorsWriter;
import ai.spattention.train.distributed.Agreement;
import ai.spattention.train.distributed.Collectives;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A checkpoint on its way: each rank writes its own files, in a thread of its own if it likes, and then all make it current together. */
public final class CheckpointWriting implements Closeable {

    /** Of a file's size and digest: numbers of 32 bits, which a sum of doubles leaves exact. */
    private static final int WORDS = 10;

    private final CheckpointStore store;
    private final TrainingState state;
    private final Collectives collectives;
    private final Agreement agreement;
    private final Path temporary;
    private final Map<String, Written> own = new LinkedHashMap<>();

    private record Written(long bytes, String digest) {}

    CheckpointWriting(CheckpointStore store, TrainingState state, Collectives collectives) {
        this.store = store;
        this.state = state;
        this.collectives = collectives;
        agreement = new Agreement(collectives);
        Path target = store.path(state.step());
        temporary = target.resolveSibling(target.getFileName() + ".tmp");
    }

    /** Where files are until all are whole. */
    Path temporary() {
        return temporary;
    }

    /**
     * Writes this rank's files and reads them back.
     *
     * @param model its part of the parameters
     * @param optimizer its part of the optimizer's moments
     * @throws InvalidInputException if the disk is full or the folder cannot be written
     * @throws IOException if writing fails otherwise, or what was written is not what is read
     */
    public void write(SafetensorsWriter model, SafetensorsWriter optimizer) throws IOException {
        write(CheckpointFiles.model(collectives.rank(), collectives.size()), model);
        write(CheckpointFiles.optimizer(collectives.rank(), collectives.size()), optimizer);
    }

    private void write(String name, SafetensorsWriter tensors) throws IOException {
        Path file = temporary.resolve(name);
        String digest = tensors.writeDigested(file);
        if (!Sha256.of(List.of(file)).equals(digest)) {
            throw new IOException("the disk does not keep what is written: " + file + " reads back as other bytes");
        }
        own.put(name, new Written(Files.size(file), digest));
    }

    /**
     * Waits until all ranks have written their files, and makes the checkpoint current in one step; then older ones go.
     *
     * @param part writes this rank's files, or waits until they are written
     * @return the checkpoint's folder
     * @throws InvalidInputException if the disk is full, the folder cannot be written or a rank's files are not there; earlier checkpoints stay
     * @throws IOException if writing fails otherwise, here or on another rank
     */
    public Path publish(Agreement.Action part) throws IOException {
        agreement.require("write the checkpoint of step " + state.step(), part);
        Map<String, Written> all = gathered();
        agreement.require("make the checkpoint of step " + state.step() + " current", () -> {
            if (collectives.rank() == 0) {
                complete(all);
                store.makeCurrent(temporary, state.step());
            }
        });
        return store.path(state.step());
    }

    /** All ranks' files. */
    private Map<String, Written> gathered() {
        int ranks = collectives.size();
        List<String> names = new CheckpointManifest(Map.of(CheckpointFiles.model(0, ranks), "")).files();
        names.remove(CheckpointFiles.STATE);
        double[] words = new double[names.size() * WORDS];
        for (int i = 0; i < names.size(); i++) {
            Written file = own.get(names.get(i));
            if (file != null) {
                ByteBuffer bytes = ByteBuffer.allocate(WORDS * Integer.BYTES).putLong(file.bytes).put(HexFormat.of().parseHex(file.digest)).flip();
                for (int word = 0; word < WORDS; word++) {
                    words[i * WORDS + word] = Integer.toUnsignedLong(bytes.getInt());
                }
            }
        }
        words = collectives.sum(words);
        Map<String, Written> all = new TreeMap<>();
        for (int i = 0; i < names.size(); i++) {
            ByteBuffer bytes = ByteBuffer.allocate(WORDS * Integer.BYTES);
            for (int word = 0; word < WORDS; word++) {
                bytes.putInt((int) (long) words[i * WORDS + word]);
            }
            bytes.flip();
            long size = bytes.getLong();
            byte[] digest = new byte[bytes.remaining()];
            bytes.get(digest);
            all.put(names.get(i), new Written(size, HexFormat.of().formatHex(digest)));
        }
        return all;
    }

    /** Adds the state and, last, the manifest. */
    private void complete(Map<String, Written> all) throws IOException {
        Map<String, String> digests = new TreeMap<>();
        for (Map.Entry<String, Written> file : all.entrySet()) {
            Path path = temporary.resolve(file.getKey());
            if (!Files.isRegularFile(path) || Files.size(path) != file.getValue().bytes) {
                throw new InvalidInputException("rank 0 does not see " + path + " as another rank wrote it: all ranks have to share the folder");
            }
            digests.put(file.getKey(), file.getValue().digest);
        }
        String json = StateFile.toJson(state);
        AtomicFile.write(temporary.resolve(CheckpointFiles.STATE), json);
        digests.put(CheckpointFiles.STATE, Sha256.of(json));
        CheckpointManifest manifest = new CheckpointManifest(digests);
        AtomicFile.write(temporary.resolve(CheckpointFiles.MANIFEST), manifest.toJson());
        if (!CheckpointStore.manifest(temporary).equals(manifest) || !CheckpointStore.state(temporary.resolve(CheckpointFiles.STATE)).equals(state)) {
            throw new IOException("the disk does not keep what is written: " + temporary + " reads back as other bytes");
        }
    }

    /** Leaves nothing of a checkpoint that has not become current. No rank may be writing any more. */
    @Override
    public void close() throws IOException {
        if (collectives.rank() == 0) {
            OwnFiles.deleteTree(temporary);
        }
    }
}
