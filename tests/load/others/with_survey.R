# The means of tests/load/peers.py by R's survey package: Rscript with_survey.R FOLDER INDICATOR …
# R is handed the points as whole numbers, since Debian's R reads no Parquet; neither reading nor coding is in its time.
suppressPackageStartupMessages(library(survey))
arguments <- commandArgs(TRUE)
folder <- arguments[1]
indicators <- arguments[-1]
enough <- 20 # seconds after which nothing is repeated

path_of <- function(name) file.path(folder, paste0(name, ".bin"))
rows <- file.size(path_of("stratum")) / 4
columns <- c("stratum", "domain", "population", indicators)
answers <- as.data.frame(sapply(columns, function(name) readBin(path_of(name), "integer", rows), simplify = FALSE))
answers$weight <- answers$population / tabulate(answers$stratum + 1L)[answers$stratum + 1L]
answers[indicators] <- answers[indicators] / 100

estimate <- function() {
  # that no row lies in two strata is known; to check it, R makes a table of rows by strata, too large for two million
  design <- svydesign(ids = ~1, strata = ~stratum, weights = ~weight, fpc = ~population, data = answers,
                      check.strata = FALSE)
  lapply(indicators, function(code) svyby(reformulate(code), ~domain, design, svymean, na.rm = TRUE))
}

times <- c()
while (length(times) < 3 && sum(times) < enough) {
  times <- c(times, system.time(found <- estimate())[["elapsed"]])
}
found <- Map(function(code, one) data.frame(code, one$domain, one[[code]], one$se), indicators, found)
lines <- do.call(rbind, found)
write.table(lines, file.path(folder, "R.csv"), sep = ",", quote = FALSE, na = "nan", row.names = FALSE, col.names = FALSE)
status <- readLines("/proc/self/status")
kilobytes <- as.numeric(gsub("\\D", "", status[startsWith(status, "VmHWM:")]))
cat(sprintf('{"seconds": %.6f, "peak": %.3f}\n', min(times), kilobytes / 1024))
