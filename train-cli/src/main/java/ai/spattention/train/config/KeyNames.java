package ai.spattention.train.config;

import com.fasterxml.jackson.databind.PropertyNamingStrategies.NamingBase;
import java.util.Locale;

/** Names of record components as keys: {@code routerZLossWeight} is {@code router_z_loss_weight}. */
final class KeyNames extends NamingBase {

    private static final long serialVersionUID = 1L;

    /** The only instance. */
    static final KeyNames INSTANCE = new KeyNames();

    private KeyNames() {}

    @Override
    public String translate(String name) {
        return name.replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
    }
}
