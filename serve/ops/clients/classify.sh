#!/bin/sh
# Asks the service what to do with one story; whatever goes wrong, the story goes to a person.
#
#   sh classify.sh http://127.0.0.1:8000 story-1 < request.json
#
# where request.json holds {"stories": [{"id": "story-1", "text": "..."}]} with one story, whose id has no quote and
# no backslash. Prints pause, review, advise, continue, or person; the reason for person is on stderr. A key, where
# one is needed, comes from COMPLAINT_CONTEXT_KEY. Needs curl and sed; for more than one story use a client with a
# JSON parser.
address=$1
story_id=$2

person() {
    echo "to a person: $1" >&2
    echo person
    exit 0
}

# The key goes in by stdin of its own, so that it stands in no list of processes.
key_file=$(mktemp) || person "no temporary file"
answer_file=$(mktemp) || person "no temporary file"
trap 'rm -f "$key_file" "$answer_file"' EXIT
if [ -n "$COMPLAINT_CONTEXT_KEY" ]; then
    printf 'header = "authorization: Bearer %s"\n' "$COMPLAINT_CONTEXT_KEY" > "$key_file"
fi

status=$(curl --silent --max-time 10 --config "$key_file" --header 'content-type: application/json' \
    --data-binary @- --output "$answer_file" --write-out '%{http_code}' "$address/v1/classify") \
    || person "no answer"
[ "$status" = 200 ] || person "the service answered $status"

# The answer is compact JSON on one line; within its strings every quote is escaped, so this is no quote of
# the story: an action follows the scores, which hold numbers only.
found=$(sed -n 's/^{"results":\[{"id":"\([^"\\]*\)","labels":\[[a-z",]*\],"scores":{[^}]*},"action":"\([a-z]*\)".*/\2 \1/p' \
    "$answer_file")
action=${found%% *}
[ "$found" = "$action $story_id" ] || person "no action for this story"
case $action in
    pause | review | advise | continue) echo "$action" ;;
    *) person "no action for this story" ;;
esac
