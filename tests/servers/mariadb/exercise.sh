#!/bin/sh
# A table, a few rows, a transaction; at the second start the rows must still be there.
set -eu
. "$(dirname "$0")/sql.sh"
if [ "$LACRE_PHASE" = first ]; then
    sql -e 'CREATE TABLE IF NOT EXISTS item (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(80), price DECIMAL(8,2))'
fi
sql -e "START TRANSACTION; INSERT INTO item (name, price) SELECT CONCAT('thing ', seq), seq * 1.5 FROM seq_1_to_300; COMMIT"
sql -e 'UPDATE item SET price = price + 1 WHERE id % 10 = 0'
case $LACRE_PHASE in
second) [ "$(sql -e 'SELECT COUNT(*) FROM item')" -ge 600 ] ;;
*) [ "$(sql -e 'SELECT COUNT(*) FROM item')" -ge 300 ] ;;
esac
sql -e "SELECT name FROM item WHERE name LIKE 'thing 4%' ORDER BY price DESC LIMIT 3" | grep -q 'thing 4'
