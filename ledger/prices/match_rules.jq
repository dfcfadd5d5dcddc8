# Reduces the match rules of @pydantic/genai-prices to what aco needs: the
# providers of prices_core_vendorable.csv, how a bare model name tells its provider, and the
# rules of each model; one model a line. See README.md.
($ids | split(" ")) as $want
| map(select(.id as $id | $want | index($id)))
| "[",
  (to_entries | map(
    (if .key > 0 then "," else "" end)
    + "{\"id\":" + (.value.id | tojson)
    + ",\"model_match\":" + (.value.model_match | tojson)
    + ",\"models\":[\n"
    + (.value.models
       | map({id, match} | tojson) | join(",\n"))
    + "]}") | .[]),
  "]"
