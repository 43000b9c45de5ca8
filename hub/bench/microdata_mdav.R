# sdcMicro's MDAV in the `microdata` benchmark: Rscript microdata_mdav.R FILE.csv
# The records are in memory before the clock starts. The last line of output is one JSON document.
arguments <- commandArgs(trailingOnly = TRUE)
suppressPackageStartupMessages(library(sdcMicro))
records <- read.csv(arguments[1])
taken <- system.time(found <- microaggregation(records, method = "mdav", aggr = 3))
changed <- as.data.frame(found$mx)
spread <- apply(records, 2, sd)
loss <- 100 * sum(sweep(as.matrix(records) - as.matrix(changed), 2, spread, "/")^2) /
  (ncol(records) * (nrow(records) - 1))
status <- readLines("/proc/self/status")
peak <- as.numeric(gsub("[^0-9]", "", grep("^VmHWM", status, value = TRUE))) / 1024
cat(sprintf('\n{"seconds": {"mdav": %.6f}, "peak_mib": %.1f, "numbers": {"loss": %.15g, "version": "%s"}}\n',
            taken[["elapsed"]], peak, loss, as.character(packageVersion("sdcMicro"))))
