package ai.spattention.olmoe.keys;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** A component of a record as a key of configurations. */
@Documented
@Target(ElementType.RECORD_COMPONENT)
@Retention(RetentionPolicy.RUNTIME)
public @interface Key {

    /**
     * What the value is, for people.
     *
     * @return a phrase, such as "experts of a layer"
     */
    String meaning();

    /**
     * What the value is counted or measured in.
     *
     * @return the unit, such as "tokens"; empty where there is none
     */
    String unit() default "";

    /**
     * The key, where it is not the component's name in lower case with underscores.
     *
     * @return the key, or empty
     */
    String name() default "";

    /**
     * The value where none is given.
     *
     * @return the value as YAML has it; empty where it {@link #follows} others, or one has to be given
     */
    String defaultValue() default "";

    /**
     * What the value is computed from where none is given.
     *
     * @return one of the record's own keys, or a formula of them; empty where it does not depend on others
     */
    String follows() default "";

    /**
     * What is allowed, where neither the type nor a {@link Range} says it.
     *
     * @return a phrase that goes on from "must be", and from the type where that is a number: "a multiple of every_steps"; or empty
     */
    String allowed() default "";
}
