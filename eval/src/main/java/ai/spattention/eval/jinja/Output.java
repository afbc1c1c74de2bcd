package ai.spattention.eval.jinja;

/** Where a template writes. */
final class Output {

    private final Run run;
    private final StringBuilder text = new StringBuilder();

    Output(Run run) {
        this.run = run;
    }

    void write(String piece) {
        run.made(piece.length());
        run.checkLength((long) text.length() + piece.length());
        text.append(piece);
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
