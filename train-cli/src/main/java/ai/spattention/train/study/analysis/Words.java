package ai.spattention.train.study.analysis;

import java.util.List;
import java.util.stream.Collectors;

/** Lists as people read them. */
final class Words {

    private Words() {}

    /** One, two and three. */
    static String list(List<?> things) {
        if (things.size() < 2) {
            return things.stream().map(Object::toString).collect(Collectors.joining());
        }
        return things.subList(0, things.size() - 1).stream().map(Object::toString).collect(Collectors.joining(", ")) + " and "
                + things.get(things.size() - 1);
    }
}
