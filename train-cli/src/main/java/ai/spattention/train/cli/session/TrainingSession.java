package ai.spattention.train.cli.session;

import ai.djl.Device;
import ai.spattention.olmoe.io.AtomicFile;
import ai.spattention.train.checkpoint.CheckpointStore;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.config.RunConfigWriter;
import ai.spattention.train.data.DataVerification;
import ai.spattention.train.data.HeldOutSet;
import ai.spattention.train.data.PreparedData;
import ai.spattention.train.data.Split;
import ai.spattention.train.distributed.Collectives;
import ai.spattention.train.distributed.SingleProcess;
import ai.spattention.train.loop.StopSignal;
import ai.spattention.train.loop.TrainingFailedException;
import ai.spattention.train.loop.TrainingRun;
import ai.spattention.train.loop.observer.RunObserver;
import ai.spattention.train.loop.observer.RunObservers;
import ai.spattention.train.loop.observer.RunRecorder;
import ai.spattention.train.machine.GpuName;
import ai.spattention.train.machine.MemoryError;
import ai.spattention.train.machine.Versions;
import ai.spattention.train.metrics.HeldOutLoss;
import ai.spattention.train.metrics.tensorboard.TensorBoardLog;
import ai.spattention.train.report.LiveReport;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** A training run from the command line: what {@code train} and {@code quickstart} share. */
public final class TrainingSession {

    private final RunConfig config;
    private final Device device;
    private final Path folder;
    private final PrintWriter out;
    private final Collectives collectives;
    private final Optional<String> gpu;

    public TrainingSession(RunConfig config, Device device, RunFolder folder, PrintWriter out) {
        this(config, device, folder, out, new SingleProcess());
    }

    /** One process's part of a run of several; the collectives stay the caller's. */
    public TrainingSession(RunConfig config, Device device, RunFolder folder, PrintWriter out, Collectives collectives) {
        this.collectives = collectives;
        this.config = config;
        this.device = device;
        this.folder = folder.path();
        this.out = out;
        gpu = GpuName.of(device);
    }

    /**
     * Trains, and leaves in the folder: config.yaml, versions.json, metrics.jsonl, samples.jsonl, probes/ where any are asked for,
     * report.html, tensorboard/, checkpoints/ and model/. Everything is checked before the first file is written. Of several processes the
     * first writes all that, but each its part of the checkpoints.
     *
     * @param resume whether to go on from the newest checkpoint
     */
    public void run(boolean resume) throws IOException {
        PreparedData data = PreparedData.open(Path.of(config.data().path()));
        DataVerification.verify(data);
        for (HeldOutSet set : HeldOutSet.of(data, config.data().validationPath().byName())) {
            if (set.data() != data) {
                DataVerification.verify(set.data());
            }
        }
        if (collectives.rank() > 0) {
            takePart(data, resume);
            return;
        }
        boolean finished;
        try (RunRecorder recorder = new RunRecorder(config.name(), folder.resolve("metrics.jsonl"), folder.resolve("samples.jsonl"),
                        folder.resolve("probes"));
                TensorBoardLog board = new TensorBoardLog(folder.resolve("tensorboard"))) {
            LiveReport report = new LiveReport(recorder, folder);
            try {
                finished = train(data, recorder, new RunObservers(report, board), resume);
            } catch (IOException | RuntimeException | OutOfMemoryError e) {
                Optional<TrainingFailedException> outOfMemory = outOfMemory(e, folder);
                report.failed(outOfMemory.isPresent() ? outOfMemory.get() : e);
                if (outOfMemory.isPresent()) {
                    throw outOfMemory.get();
                }
                throw e;
            } finally {
                report.write();
            }
            recorder.close();
            if (finished) {
                summary(recorder);
            }
        }
    }

    /** What processes but the first do: they write nothing, and tell nothing but why they fail. */
    private void takePart(PreparedData data, boolean resume) throws IOException {
        try (StopSignal stop = StopSignal.watch(); TrainingRun run = run(data, new RunObserver() { })) {
            if (resume) {
                run.resume();
            }
            run.run(stop);
        } catch (IOException | RuntimeException | OutOfMemoryError e) {
            Optional<TrainingFailedException> outOfMemory = outOfMemory(e, folder);
            if (outOfMemory.isPresent()) {
                throw outOfMemory.get();
            }
            throw e;
        }
    }

    private TrainingRun run(PreparedData data, RunObserver observer) throws IOException {
        return new TrainingRun(config, data, device, folder.resolve(RunFolder.CHECKPOINTS), observer, collectives);
    }

    private boolean train(PreparedData data, RunRecorder recorder, RunObserver observer, boolean resume) throws IOException {
        try (StopSignal stop = StopSignal.watch(); TrainingRun run = run(data, observer)) {
            long restored = resume ? run.resume() : 0;
            if (resume) {
                recorder.note(restored == 0 ? "warning: no checkpoint to resume from: beginning with step 1"
                        : "resumed after step " + restored);
            }
            AtomicFile.write(folder.resolve("config.yaml"), RunConfigWriter.toYaml(config));
            AtomicFile.write(folder.resolve("versions.json"), versions(run));
            recorder.note(String.format(Locale.ROOT, "%s: %,d parameters (%,d active), %s attention, %,d tokens a step, %,d training tokens, on %s",
                    config.name(), run.getModel().getConfig().totalParams(), run.getModel().getConfig().activeParams(),
                    config.model().patterns(), config.tokensPerStep(),
                    data.manifest().tokens(Split.TRAIN), gpu.orElse(device.getDeviceType())));
            if (collectives.size() > 1) {
                int share = config.training().gradientAccumulationSteps() / collectives.size();
                recorder.note(collectives.size() + " processes, each with " + (share == 1 ? "one micro-batch" : share + " micro-batches") + " of a step");
            }
            recorder.note("pass: " + run.getPassChoice());
            recorder.note("activation checkpointing: " + run.getPassChoice().checkpointing());
            if (!run.run(stop, goesOn -> run.saveModel(folder.resolve(RunFolder.MODEL), goesOn))) {
                recorder.note("stopped as asked, after a checkpoint: go on with 'spattn train --resume --output " + folder + "'");
                return false;
            }
            return true;
        }
    }

    /**
     * Explains a GPU whose memory is used up. Checkpoints get their names when they are whole, so the newest one is.
     *
     * @param failure any failure of the run
     * @param folder the run's folder
     * @return the explanation, or empty for other failures
     * @throws IOException if the run's folder cannot be read
     */
    public static Optional<TrainingFailedException> outOfMemory(Throwable failure, Path folder) throws IOException {
        Optional<MemoryError> error = MemoryError.of(failure);
        if (error.isEmpty()) {
            return Optional.empty();
        }
        List<Long> steps = new CheckpointStore(folder.resolve(RunFolder.CHECKPOINTS), 1, 0).steps();
        String next = steps.isEmpty() ? "; there is no checkpoint yet"
                : "; the checkpoint of step " + steps.get(steps.size() - 1) + " is whole: go on from it with 'spattn train --resume"
                        + " --output " + folder + " --set KEY=VALUE'";
        return Optional.of(new TrainingFailedException(error.get().text() + next, failure));
    }

    private void summary(RunRecorder recorder) {
        recorder.heldOut().forEach((name, heldOut) -> {
            double loss = heldOut.natsPerToken();
            String what = (name.equals(HeldOutLoss.UNNAMED) ? "" : "'" + name + "' ") + String.format(Locale.ROOT, "%.3f", loss);
            String bits = heldOut.bitsPerByte().isEmpty() ? ""
                    : String.format(Locale.ROOT, ", %.3f bits a byte", heldOut.bitsPerByte().getAsDouble());
            out.println(recorder.firstLoss().isPresent()
                    ? String.format(Locale.ROOT, "first training loss %.3f, validation loss %s (%.0f%% of it%s)",
                            recorder.firstLoss().getAsDouble(), what, 100 * loss / recorder.firstLoss().getAsDouble(), bits)
                    : "validation loss " + what + bits);
        });
        out.println("model:   " + folder.resolve(RunFolder.MODEL));
        out.println("metrics: " + folder.resolve("metrics.jsonl"));
        out.println("report:  " + folder.resolve("report.html"));
    }

    private String versions(TrainingRun run) {
        ObjectNode root = new ObjectMapper().createObjectNode();
        Versions.all().forEach(root::put);
        root.put("device", device.toString());
        gpu.ifPresent(name -> root.put("gpu", name));
        root.put("pass", run.getPassChoice().toString());
        root.put("activation_checkpointing", run.getPassChoice().checkpointing().toString());
        run.getPeakFlops().ifPresent(peak -> root.put("peak_tflops", peak / 1e12));
        root.put("processes", collectives.size());
        root.put("processors", Runtime.getRuntime().availableProcessors());
        return root.toPrettyString() + "\n";
    }
}
