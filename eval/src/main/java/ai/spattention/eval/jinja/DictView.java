package ai.spattention.eval.jinja;

/** What {@code keys()}, {@code values()} and {@code items()} of a dict give: they show what the dict holds by then. */
record DictView(Dict dict, Part part) {

    enum Part { KEYS, VALUES, ITEMS }

    Object of(Dict.Entry entry) {
        return switch (part) {
            case KEYS -> entry.key();
            case VALUES -> entry.value();
            case ITEMS -> Tuple.of(entry.key(), entry.value());
        };
    }
}
