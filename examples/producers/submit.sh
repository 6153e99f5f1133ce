#!/usr/bin/env bash
# One question to the briefing team, and how it ended, with kcat: JSON in. The brief itself is Avro, which most
# builds of kcat cannot read: `tributary results TASK-ID` shows it.
#
# ./submit.sh BROKERS NAMESPACE [TASK-ID]
set -euo pipefail

brokers=$1 namespace=$2 task_id=${3:-kcat-$(date +%s)-$$}
tasks=$namespace.briefing.tasks results=$namespace.briefing.results

question='{"question": "Should we take on twelve analysts?", "sector": "construction", "month": "2014-03", "plan": null}'
kcat -q -P -b "$brokers" -t "$tasks" -k "$task_id" -H "task-id=$task_id" <<<"$question"

# From the beginning, until the task's record comes or the time is over; its headers are name=value,name=value.
exec {records}< <(timeout 120 kcat -q -u -C -b "$brokers" -t "$results" -o beginning \
  -X isolation.level=read_committed -f '%h\n')
reader=$!
while read -r -u "$records" headers; do
  if [[ ,$headers, == *,task-id=$task_id,* ]]; then
    kill "$reader"
    outcome=$(tr ',' '\n' <<<"$headers" | sed -n 's/^outcome=//p')
    echo "$task_id $outcome"
    [[ $outcome == ok ]]
    exit
  fi
done
echo "no result of $task_id within 120 s: is a node running?" >&2
exit 1
