# sdcMicro's part of the `microdata` benchmark: Rscript microdata_sdcmicro.R WORK FILE.csv
# The records are in memory before the clock starts. The last line of output is one JSON document.
arguments <- commandArgs(trailingOnly = TRUE)
work <- arguments[1]
suppressPackageStartupMessages(library(sdcMicro))
records <- read.csv(arguments[2])
keys <- c("region", "sex", "age", "education", "occupation", "household_size")

if (work == "frequencies") {
  taken <- system.time({
    counted <- freqCalc(records, keyVars = keys, w = "weight")
    risks <- indivRisk(counted)
  })
  numbers <- list(uniques = sum(counted$fk == 1), risk = sum(risks$rk), people = sum(counted$Fk))
} else if (work == "suppression") {
  five <- keys[1:5]
  taken <- system.time(found <- localSuppression(records, keyVars = five, k = 3))
  numbers <- list(hidden = sum(is.na(as.data.frame(found$xAnon)[, five])))
} else {
  taken <- system.time(found <- suda2(records, variables = keys))
  numbers <- list(score = sum(found$score), dis = sum(found$disScore))
}

status <- readLines("/proc/self/status")
peak <- as.numeric(gsub("[^0-9]", "", grep("^VmHWM", status, value = TRUE))) / 1024
values <- paste(sprintf('"%s": %.15g', names(numbers), unlist(numbers)), collapse = ", ")
cat(sprintf('\n{"seconds": {"%s": %.6f}, "peak_mib": %.1f, "numbers": {%s, "version": "%s"}}\n',
            work, taken[["elapsed"]], peak, values, as.character(packageVersion("sdcMicro"))))
