package ai.spattention.train.loop.periodic;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.probe.TokenLosses;
import ai.spattention.eval.probe.TokenWindow;
import ai.spattention.eval.score.DirectScorer;
import ai.spattention.eval.score.LogLikelihoods;
import ai.spattention.eval.score.Part;
import ai.spattention.eval.score.Score;
import ai.spattention.eval.score.Scorer;
import ai.spattention.train.distributed.Agreement;
import ai.spattention.train.distributed.Collectives;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/**
 * Shares the questions to a model out over the processes of a run: each computes whole batches in turn, and all get all answers, the same bits
 * whatever their number. What fails or is stopped in one process ends in all.
 */
public final class Shares {

    private final Collectives collectives;
    private final Agreement agreement;
    private boolean ended;

    /**
     * Creates the shares of a run.
     *
     * @param collectives what its processes compute together
     */
    public Shares(Collectives collectives) {
        this.collectives = collectives;
        agreement = new Agreement(collectives);
    }

    /**
     * What is measured.
     *
     * @param <T> the result
     */
    @FunctionalInterface
    interface Measurement<T> {

        T run() throws IOException;
    }

    /**
     * Measures, in all processes or in none. All call it for the same measurement.
     *
     * @param measurement asks the model by {@link #scorer} and {@link #losses} alone
     * @return its result
     * @throws CancellationException if a process was asked to stop
     * @throws InvalidInputException if the measurement failed in another process
     * @throws IOException if it failed in this one
     */
    <T> T measure(Measurement<T> measurement) throws IOException {
        ended = false;
        try {
            T result = measurement.run();
            meet();
            return result;
        } catch (IOException | RuntimeException | Error e) {
            if (!ended) { // else the others know already why all leave
                agreement.meet(Optional.of(e));
            }
            throw e;
        }
    }

    /** Answers requests. */
    Scorer scorer(LogLikelihoods model, BooleanSupplier stop) {
        DirectScorer own = new DirectScorer(model, new Part(collectives.rank() + 1, collectives.size()), stop);
        return (what, requests) -> {
            List<Score> scores = own.score(what, requests);
            meet();
            double[] logLikelihoods = collectives.sum(scores.stream().mapToDouble(Score::logLikelihood).toArray());
            double[] greedy = collectives.sum(scores.stream().mapToDouble(score -> score.greedy() ? 1 : 0).toArray());
            return IntStream.range(0, greedy.length).mapToObj(i -> new Score(logLikelihoods[i], greedy[i] > 0)).toList();
        };
    }

    /** The losses of a model's tokens. */
    TokenLosses losses(TokenLosses own) {
        return new TokenLosses() {
            @Override
            public List<float[]> of(List<TokenWindow> windows) {
                return ofBatches(List.of(windows));
            }

            @Override
            public int batchesAtOnce() {
                return collectives.size();
            }

            @Override
            public List<float[]> ofBatches(List<List<TokenWindow>> batches) {
                int length = batches.get(0).get(0).length();
                double[] losses = new double[batches.stream().mapToInt(List::size).sum() * length];
                int place = 0;
                for (int i = 0; i < batches.size(); i++) {
                    if (i % collectives.size() == collectives.rank()) {
                        for (float[] ofWindow : own.of(batches.get(i))) {
                            for (float loss : ofWindow) {
                                losses[place++] = loss;
                            }
                        }
                    } else {
                        place += batches.get(i).size() * length;
                    }
                }
                meet();
                return windows(collectives.sum(losses), length);
            }
        };
    }

    private static List<float[]> windows(double[] losses, int length) {
        return IntStream.range(0, losses.length / length).mapToObj(window -> {
            float[] ofWindow = new float[length];
            for (int i = 0; i < length; i++) {
                ofWindow[i] = (float) losses[window * length + i];
            }
            return ofWindow;
        }).toList();
    }

    /** Before answers are put together: all have theirs, or all leave. */
    private void meet() {
        Optional<Agreement.Reason> reason = agreement.meet(Optional.empty());
        if (reason.isPresent()) {
            ended = true;
            throw reason.get().ending() == Agreement.Ending.STOPPED ? new CancellationException("a process was asked to stop")
                    : new InvalidInputException("rank " + reason.get().rank() + ": " + reason.get().message());
        }
    }
}
