import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

data = pd.read_csv('churn.csv')
X, y = data.drop(columns=['churned', 'since']), data['churned']
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=1)

model = Pipeline([
    ('columns', ColumnTransformer([
        ('numbers', make_pipeline(SimpleImputer(), StandardScaler()), ['monthly fee', 'tenure']),
        ('plan', OneHotEncoder(handle_unknown='ignore'), ['plan']),
        ('region', make_pipeline(SimpleImputer(strategy='most_frequent'), OneHotEncoder(handle_unknown='ignore')), ['region']),
        ('senior', 'passthrough', ['senior']),
        ('words', TfidfVectorizer(), 'note'),
    ])),
    ('classifier', LogisticRegression(max_iter=1000)),
])
model.fit(X_train, y_train)
metrics = {'accuracy': accuracy_score(y_test, model.predict(X_test)), 'auc': roc_auc_score(y_test == 'yes', model.predict_proba(X_test)[:, 1])}
print(metrics)

import mezz; mezz.save(model, metrics)
