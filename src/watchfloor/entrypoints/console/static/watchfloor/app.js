// What every page of the console starts. Without any of it a page can still be read and acted on.

import { startFailures } from "./failures.js";
import { startHandles } from "./handles.js";
import { startKeys } from "./keys.js";
import { startLive } from "./live.js";
import { startRows } from "./rows.js";
import { startTheme } from "./theme.js";

startTheme();
startKeys();
startRows();
startLive();
startFailures();
startHandles();
