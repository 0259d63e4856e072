-- Bursts: each statement is compiled, runs, sorts or groups, and gives back what it took.
CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT NOT NULL);
CREATE TABLE item (id INTEGER PRIMARY KEY, label TEXT NOT NULL, price INTEGER NOT NULL);
CREATE TABLE purchase (
  id INTEGER PRIMARY KEY, customer INTEGER NOT NULL, item INTEGER NOT NULL, amount INTEGER NOT NULL, note TEXT
);
CREATE INDEX purchase_customer ON purchase (customer, item);
CREATE TABLE log (line TEXT NOT NULL);
CREATE TRIGGER purchase_logged AFTER INSERT ON purchase WHEN new.amount > 8 BEGIN
  INSERT INTO log VALUES (printf('%d bought %d of %d', new.customer, new.amount, new.item));
END;

WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 300)
INSERT INTO customer SELECT i, printf('customer %03d', i * 37 % 300), char(65 + i % 9) || 'town' FROM n;
WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 80)
INSERT INTO item SELECT i, 'item ' || hex(i * 7919), 5 + i * 53 % 97 FROM n;
WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 6000)
INSERT INTO purchase
SELECT i, 1 + i * 7919 % 300, 1 + i * 104729 % 80, 1 + i % 11, CASE i % 3 WHEN 0 THEN 'gift ' || i END FROM n;

SELECT city, count(*), sum(amount * price) FROM purchase p
JOIN customer c ON c.id = p.customer JOIN item i ON i.id = p.item GROUP BY city ORDER BY 3 DESC;

SELECT substr(name, -2) AS ending, group_concat(DISTINCT label) FROM purchase p
JOIN customer c ON c.id = p.customer JOIN item i ON i.id = p.item
WHERE p.amount > 9 GROUP BY ending HAVING count(*) > 3 ORDER BY length(ending), ending LIMIT 5;

BEGIN;
UPDATE purchase SET note = upper(note) || ' / ' || amount WHERE note IS NOT NULL;
DELETE FROM purchase WHERE item IN (SELECT id FROM item WHERE price < 20);
ROLLBACK;

WITH running AS (
  SELECT customer, amount, sum(amount) OVER (PARTITION BY customer ORDER BY id) AS total,
    rank() OVER (PARTITION BY item ORDER BY amount DESC, id) AS place FROM purchase
)
SELECT max(total), min(place), avg(amount) FROM running WHERE place <= 3;

SELECT json_group_array(json_object('name', name, 'city', city)) FROM (SELECT * FROM customer LIMIT 60);
SELECT count(*), max(length(line)) FROM log WHERE line LIKE '%bought 1_ of%';
CREATE VIEW best AS SELECT item, sum(amount) AS sold FROM purchase GROUP BY item ORDER BY sold DESC;
SELECT label, sold FROM best JOIN item ON item.id = best.item LIMIT 4;
SELECT count(*) FROM purchase a JOIN purchase b ON a.item = b.item AND a.customer < b.customer WHERE a.amount = 11;
