# The survey scores of a round and their standard errors from the answers, by R's survey package: Rscript main_table.R [FOLDER]
# Reads answers.csv, strata.csv, points.csv, weights.csv and main_table.csv; writes again.csv and ends with an error where a score differs.
suppressPackageStartupMessages(library(survey))
options(survey.lonely.psu = "adjust")
folder <- c(commandArgs(trailingOnly = TRUE), ".")[1]
read <- function(name) {
  read.csv(file.path(folder, name), colClasses = "character", fileEncoding = "UTF-8-BOM", na.strings = character(0))
}

strata <- read("strata.csv")
counts <- c("population", "complete", "eligible_rest", "ineligible", "unknown")
strata[counts] <- lapply(strata[counts], as.numeric)
known <- strata$complete + strata$eligible_rest
share <- known / (known + strata$ineligible)
released <- known + strata$ineligible + strata$unknown
strata$weight <- strata$population / released * (known + share * strata$unknown) / strata$complete

answers <- read("answers.csv")
answers <- answers[answers$outcome == "1.1", ]
place <- match(answers$stratum, strata$stratum)
answers$weight <- strata$weight[place]
answers$population <- strata$population[place]
answers$unit <- strata$unit[place]
answers$group <- strata$group[place]

points <- read("points.csv")
weights <- read("weights.csv")
of_kind <- function(kind) {
  chosen <- weights[weights$kind == kind, ]
  setNames(as.numeric(chosen$weight), chosen$code)
}
indicators <- of_kind("indicator")
groups <- of_kind("group")
for (code in names(indicators)) {
  known_points <- points[points$indicator == code, ]
  answers[[paste0(code, "_points")]] <- as.numeric(known_points$points[match(answers[[code]], known_points$value)])
}
design <- svydesign(ids = ~1, strata = ~stratum, weights = ~weight, fpc = ~population, data = answers)

# A score is a sum of ratios, so its error is that of the total of its influences.
score_of <- function(unit) {
  mean_of <- matrix(NA, length(groups), length(indicators), dimnames = list(names(groups), names(indicators)))
  influence <- list()
  for (group in names(groups)) for (code in names(indicators)) {
    y <- answers[[paste0(code, "_points")]]
    counted <- answers$unit == unit & answers$group == group & !is.na(y)
    if (sum(counted) < 2) next
    total <- sum(answers$weight[counted])
    mean_of[group, code] <- sum(answers$weight[counted] * y[counted]) / total
    u <- numeric(nrow(answers))
    u[counted] <- (y[counted] - mean_of[group, code]) / total
    influence[[paste(group, code)]] <- u
  }
  carried <- ifelse(is.na(mean_of), 0, groups)
  carried <- sweep(carried, 2, pmax(colSums(carried), .Machine$double.xmin), "/")
  asked <- indicators * (colSums(!is.na(mean_of)) > 0)
  if (sum(asked) == 0) return(c(NA, NA))
  share <- sweep(carried, 2, asked / sum(asked), "*")
  u <- numeric(nrow(answers))
  for (group in names(groups)) for (code in names(indicators)) {
    part <- influence[[paste(group, code)]]
    if (!is.null(part)) u <- u + share[group, code] * part
  }
  c(sum(share * mean_of, na.rm = TRUE), SE(svytotal(~u, update(design, u = u))))
}

stated <- read("main_table.csv")
found <- t(sapply(stated$unit, score_of))
again <- data.frame(unit = stated$unit, survey_score = round(found[, 1], 2), survey_std_error = round(found[, 2], 3))
write.csv(again, file.path(folder, "again.csv"), row.names = FALSE, na = "")
print(again, row.names = FALSE)
differ <- function(name, most) {
  one <- suppressWarnings(as.numeric(stated[[name]]))
  other <- again[[name]]
  which(!is.na(one) & (is.na(other) | abs(one - other) > most))
}
wrong <- union(differ("survey_score", 0.0101), differ("survey_std_error", 0.00101))
if (length(wrong)) stop("differs from the bundle: ", paste(stated$unit[wrong], collapse = ", "))
