import csv
import math
import mezz

with open('nearest.csv') as file:
    table = [row for row in csv.DictReader(file)]
COLUMNS = ['sepal_length_cm', 'sepal_width_cm', 'petal_length_cm', 'petal_width_cm']


def learn():
    print('learning from', len(table), 'rows')
    return [([float(row[name]) for name in COLUMNS], row['target']) for row in table]


known = mezz.once(learn)


def predict(rows):
    answers = []
    for row in rows:
        near = sorted(known, key=lambda one: math.dist(one[0], [row[name] for name in COLUMNS]))[:7]
        answers.append({label: sum(1 for _, other in near if other == label) / 7 for _, label in near})
    return answers


mezz.serve(predict, {'rows': len(known)}, columns=COLUMNS)
